namespace DataPrep;
